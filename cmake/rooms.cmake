# One target a room. swerve_room(NAME DEPENDS rooms... LIBRARIES outside-libraries...) makes the library
# swerve_NAME from src/NAME/*.cc, and its tests from src/NAME/*_test.cc.

add_library(swerve_options INTERFACE)
target_compile_options(swerve_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-missing-field-initializers -Werror)
if(SWERVE_SANITIZE)
  target_compile_options(swerve_options INTERFACE -fsanitize=${SWERVE_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(swerve_options INTERFACE -fsanitize=${SWERVE_SANITIZE})
endif()

if(SWERVE_WITH_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
endif()

function(swerve_room room)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target "swerve_${room}")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ROOM_DEPENDS REPLACE "/" "_")
  list(TRANSFORM ROOM_DEPENDS PREPEND "swerve_")

  if(sources)
    add_library(${target} STATIC ${sources})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${ROOM_DEPENDS} PRIVATE swerve_options ${ROOM_LIBRARIES})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()

  if(SWERVE_WITH_TESTS AND tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} swerve_options ${ROOM_LIBRARIES}
                          GTest::gmock GTest::gtest_main ${RAPIDCHECK_LIBRARY})
    gtest_discover_tests(${target}_test TEST_PREFIX "${room}: " DISCOVERY_TIMEOUT 60
                         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
endfunction()
