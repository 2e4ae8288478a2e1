// swerve/base/result.h - what a call that can fail answers.
//
// Result<T> holds a T or an Error. An Error is completed where it is known (the name, the errno)
// and each layer on the way up adds in front what it was doing, so that it reads as one line:
//   enable wwnr: attach sched_switch: Operation not permitted
// Exceptions stay inside the leaves whose library throws and are turned into a Result at their
// edge.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "swerve/base/api.h"
#include "swerve/base/check.h"

namespace swerve {

/// What a failure is, for who handles it.
enum class ErrorCode {
  invalid,      // the input is wrong
  not_found,    // a thing that was named does not exist
  denied,       // too few rights
  unsupported,  // this machine or kernel cannot do it
  exists,       // already there
  busy,         // in use
  exhausted,    // a limit was reached
  io,           // the system said no for another reason
};

/// One reason for a failure: a code to branch on, a text for people, and the errno where there was
/// one.
class [[nodiscard]] Error {
 public:
  /// `message` is one line with no full stop at its end.
  Error(ErrorCode code, std::string message, int os_errno = 0)
      : code_(code), message_(std::move(message)), errno_(os_errno) {}

  /// "DOING: No such file or directory", with the code that fits the errno.
  SWERVE_API static Error from_errno(int os_errno, std::string_view doing);

  /// What it is, to branch on.
  ErrorCode code() const noexcept { return code_; }
  /// What it is, for people.
  const std::string& message() const noexcept { return message_; }
  /// The errno, or 0 where there was none.
  int os_errno() const noexcept { return errno_; }
  /// The errno where there was one, else the one that fits the code.
  SWERVE_API int errno_or_fitting() const noexcept;

  /// The same error, with what the caller was doing in front: "DOING: message".
  Error within(std::string_view doing) && {
    message_ = std::string(doing) + ": " + message_;
    return std::move(*this);
  }
  /// As a copy.
  Error within(std::string_view doing) const& { return Error(*this).within(doing); }

 private:
  ErrorCode code_;
  std::string message_;
  int errno_;
};

/// A T or an Error; the member names are those of std::expected. Reading the one that is not there
/// ends the process.
template <typename T = void>
class [[nodiscard]] Result {
 public:
  /// A success.
  Result(T value) : held_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  /// A failure.
  Result(Error error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  /// Whether it is a success.
  bool has_value() const noexcept { return held_.index() == 0; }
  /// The same.
  explicit operator bool() const noexcept { return has_value(); }

  /// The T of a success.
  T& value() & { return *checked(); }
  /// The T of a success.
  const T& value() const& { return *const_cast<Result*>(this)->checked(); }
  /// The T of a success, moved out.
  T value() && { return std::move(*checked()); }
  /// As value().
  T& operator*() & { return *checked(); }
  /// As value().
  const T& operator*() const& { return value(); }
  /// As value().
  T operator*() && { return std::move(*checked()); }
  /// As value().
  T* operator->() { return checked(); }
  /// As value().
  const T* operator->() const { return &value(); }

  /// The error of a failure.
  const Error& error() const& {
    SWERVE_CHECK(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&held_);
  }
  /// The error of a failure, moved out.
  Error error() && {
    SWERVE_CHECK(!has_value(), "error() of a Result that holds a value");
    return std::move(*std::get_if<1>(&held_));
  }

 private:
  T* checked() {
    T* const value = std::get_if<0>(&held_);
    SWERVE_CHECK(value != nullptr, "value() of a Result that holds an error");
    return value;
  }
  std::variant<T, Error> held_;
};

/// Nothing or an Error: what a call answers that has only done something.
template <>
class [[nodiscard]] Result<void> {
 public:
  /// A success.
  Result() = default;
  /// A failure.
  Result(Error error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  /// Whether it is a success.
  bool has_value() const noexcept { return held_.index() == 0; }
  /// The same.
  explicit operator bool() const noexcept { return has_value(); }
  /// Ends the process where it is a failure.
  void value() const { SWERVE_CHECK(has_value(), "value() of a Result that holds an error"); }
  /// The error of a failure.
  const Error& error() const& {
    SWERVE_CHECK(!has_value(), "error() of a Result that holds no error");
    return *std::get_if<1>(&held_);
  }
  /// The error of a failure, moved out.
  Error error() && {
    SWERVE_CHECK(!has_value(), "error() of a Result that holds no error");
    return std::move(*std::get_if<1>(&held_));
  }

 private:
  std::variant<std::monostate, Error> held_;
};

}  // namespace swerve

/// The one name that `a` and `b` make, for names that a macro declares.
#define SWERVE_CONCAT(a, b) SWERVE_CONCAT2(a, b)
/// The second half of SWERVE_CONCAT().
#define SWERVE_CONCAT2(a, b) a##b

/// Returns the error of `expr` from the calling function, if it has one.
#define SWERVE_TRY(expr)                                                       \
  do {                                                                         \
    if (auto swerve_r = (expr); !swerve_r) return std::move(swerve_r).error(); \
  } while (false)

/// Declares `decl` from the value of `expr`, or returns its error from the calling function.
#define SWERVE_TRY_ASSIGN(decl, expr) \
  SWERVE_TRY_ASSIGN2(SWERVE_CONCAT(swerve_r, __COUNTER__), decl, expr)
/// The second half of SWERVE_TRY_ASSIGN().
#define SWERVE_TRY_ASSIGN2(tmp, decl, expr) \
  auto tmp = (expr);                        \
  if (!tmp) return std::move(tmp).error();  \
  decl = std::move(tmp).value()
