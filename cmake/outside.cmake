# Tests of the installed library, as other programs see it. It is installed once, below SWERVE_INSTALLED, by a fixture of ctest.
#
# swerve_installed_test(NAME words...) is a test that runs a command in its folder; PREFIX in its environment is where the
# library is.
#
# swerve_outside_test(NAME FOLDER) configures and builds the project in FOLDER, which finds Swerve by find_package(), then
# runs its own tests.
#
# The prefix that it was configured for is another (it is installed with DESTDIR), so nothing may depend on it.

set(SWERVE_INSTALLED ${CMAKE_BINARY_DIR}/installed${CMAKE_INSTALL_PREFIX})

function(swerve_installed_test name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS package TIMEOUT 240 FIXTURES_REQUIRED installed
                       ENVIRONMENT "PREFIX=${SWERVE_INSTALLED}")
endfunction()

function(swerve_outside_test name folder)
  string(MAKE_C_IDENTIFIER ${name} build)
  set(options -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_PREFIX_PATH=${SWERVE_INSTALLED}
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER})
  swerve_installed_test(${name} ${CMAKE_CTEST_COMMAND} --build-and-test ${folder} ${CMAKE_BINARY_DIR}/outside/${build}
                        --build-generator ${CMAKE_GENERATOR} --build-options ${options}
                        --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure)
endfunction()

add_test(NAME "package: it is installed" COMMAND ${CMAKE_COMMAND} -D FROM=${CMAKE_BINARY_DIR}
         -D TO=${CMAKE_BINARY_DIR}/installed -P ${CMAKE_CURRENT_LIST_DIR}/install_library.cmake)
set_tests_properties("package: it is installed" PROPERTIES LABELS package TIMEOUT 120 FIXTURES_SETUP installed)
