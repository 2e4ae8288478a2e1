# One target a room, and how its tests are registered.
#
# swerve_room(NAME DEPENDS rooms... LIBRARIES outside-libraries...) makes the library swerve_NAME from
# src/NAME/*.cc (main.cc left out), and its tests from src/NAME/*_test.cc. Tests in *_live_test.cc need the
# live kernel and become live tests.
#
# swerve_test(TARGET [LIVE] PREFIX prefix SOURCES files... LIBRARIES targets...) makes one GoogleTest program; each
# of its cases is a test of ctest named "PREFIX:Suite.Case". LIVE ones get the label "live" and run alone.
# The sources see SWERVE_SOURCE_DIR.

find_program(CCACHE ccache)
if(CCACHE)
  foreach(language C CXX)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${CCACHE})
    endif()
  endforeach()
endif()

add_library(swerve_options INTERFACE)
target_compile_options(swerve_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in `"text" + std::string` at -O3 (GCC bug 105651).
  # And uninitialized members in lists of optional values (GCC bug 80635).
  target_compile_options(swerve_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # libbpf's macros are written so
  target_compile_options(swerve_options INTERFACE -Wno-gnu-statement-expression -Wno-c99-extensions)
endif()
if(SWERVE_SANITIZE)
  add_compile_options(-fsanitize=${SWERVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SWERVE_SANITIZE})
endif()

if(SWERVE_WITH_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
endif()

# What to link for a pkg-config package, into VARIABLE.
function(swerve_package variable name at_least)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${name}>=${at_least})
  if(SWERVE_STATIC)
    if(NOT TARGET swerve_static_${name})
      add_library(swerve_static_${name} INTERFACE)
      target_include_directories(swerve_static_${name} SYSTEM INTERFACE ${${name}_STATIC_INCLUDE_DIRS})
      target_link_libraries(swerve_static_${name} INTERFACE ${${name}_STATIC_LDFLAGS})
    endif()
    set(${variable} swerve_static_${name} PARENT_SCOPE)
  else()
    set(${variable} PkgConfig::${name} PARENT_SCOPE)
  endif()
endfunction()

function(swerve_test target)
  cmake_parse_arguments(TEST "LIVE" "PREFIX" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${target} ${TEST_SOURCES})
  target_link_libraries(${target} PRIVATE ${TEST_LIBRARIES} swerve_options GTest::gmock GTest::gtest_main
                        ${RAPIDCHECK_LIBRARY})
  target_compile_definitions(${target} PRIVATE SWERVE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE -O1)  # half of the compiler's time went into optimising tests
  set(properties TIMEOUT 120)
  if(TEST_LIVE)
    list(APPEND properties LABELS live RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${target} TEST_PREFIX "${TEST_PREFIX}:" DISCOVERY_TIMEOUT 60
                       WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES ${properties})
endfunction()

# The name of a room's target, into VARIABLE. There is no such target where this build is without that leaf.
function(swerve_room_target variable room)
  string(REPLACE "/" "_" target "swerve_${room}")
  set(${variable} ${target} PARENT_SCOPE)
endfunction()

function(swerve_room room)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY SWERVE_ROOMS ${room})
  swerve_room_target(target ${room})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cc)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/src/${room}/main.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(live_tests ${tests})
  list(FILTER tests EXCLUDE REGEX "_live_test\\.cc$")
  list(FILTER live_tests INCLUDE REGEX "_live_test\\.cc$")
  list(TRANSFORM ROOM_DEPENDS REPLACE "/" "_")
  list(TRANSFORM ROOM_DEPENDS PREPEND "swerve_")
  foreach(depends IN LISTS ROOM_DEPENDS)
    if(NOT TARGET ${depends})  # a leaf that this build is without; a wrong name is found by tests/sanity
      list(REMOVE_ITEM ROOM_DEPENDS ${depends})
    endif()
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    # As the library for other programs needs it (see library.cmake). Thread-locals: few and small, so that they are a
    # load away also where a program has loaded the library while it runs.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
                          CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_compile_options(${target} PRIVATE -ftls-model=initial-exec)
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(${target} PUBLIC ${ROOM_DEPENDS} PRIVATE swerve_options ${ROOM_LIBRARIES})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(${target} INTERFACE ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()

  if(SWERVE_WITH_TESTS AND tests)
    swerve_test(${target}_test PREFIX ${room} SOURCES ${tests} LIBRARIES ${target} ${ROOM_LIBRARIES})
  endif()
  if(SWERVE_WITH_TESTS AND live_tests)
    swerve_test(${target}_live_test LIVE PREFIX ${room} SOURCES ${live_tests}
                LIBRARIES ${target} ${ROOM_LIBRARIES})
  endif()
endfunction()
