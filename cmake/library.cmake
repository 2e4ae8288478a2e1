# The library for other programs: libswerve (shared and static) is the rooms without the leaves, libswerve_fuse the mount.
#
# It is made of the object files of the rooms' own targets, so every source is compiled once. Installed by itself:
# cmake --install BUILD --component library

# swerve_embeddable(NAME EXPORTED name ROOMS rooms...) makes and installs NAME_shared and NAME_static, the files libNAME,
# which other programs know as Swerve::EXPORTED and Swerve::EXPORTED_static.
function(swerve_embeddable name)
  cmake_parse_arguments(LIBRARY "" "EXPORTED" "ROOMS" ${ARGN})
  set(objects)
  foreach(room IN LISTS LIBRARY_ROOMS)
    swerve_room_target(target ${room})
    if(TARGET ${target})
      list(APPEND objects $<TARGET_OBJECTS:${target}>)
    endif()
  endforeach()
  add_library(${name}_shared SHARED ${objects})
  add_library(${name}_static STATIC ${objects})
  set_target_properties(${name}_shared PROPERTIES
    EXPORT_NAME ${LIBRARY_EXPORTED} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    INSTALL_RPATH "$ORIGIN" LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  set_target_properties(${name}_static PROPERTIES EXPORT_NAME ${LIBRARY_EXPORTED}_static)
  target_link_options(${name}_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map)
  if(NOT SWERVE_SANITIZE)  # a sanitizer's own symbols are in the program
    target_link_options(${name}_shared PRIVATE -Wl,--no-undefined)
  endif()
  foreach(target ${name}_shared ${name}_static)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE CXX)
    target_compile_features(${target} INTERFACE cxx_std_20)
  endforeach()
  install(TARGETS ${name}_shared ${name}_static EXPORT SwerveTargets COMPONENT library
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

set(cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Swerve)
set(pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(packages swerve)

swerve_embeddable(swerve EXPORTED swerve ROOMS ${SWERVE_EMBEDDED_ROOMS})
if(SWERVE_WITH_FUSE)
  swerve_embeddable(swerve_fuse EXPORTED fuse ROOMS control/fuse)
  # The loop and the texts of base are no part of the interface of libswerve.so, so libswerve_fuse.so has a hidden copy
  # of them: they keep nothing that the two would have to share. What libswerve.so exports comes from there, since it
  # is named first.
  target_link_libraries(swerve_fuse_shared PUBLIC swerve_shared PRIVATE swerve_base ${fuse3})
  target_link_libraries(swerve_fuse_static INTERFACE swerve_static $<BUILD_INTERFACE:${fuse3}>
                        $<INSTALL_INTERFACE:$<LINK_ONLY:fuse3>>)
  list(APPEND packages swerve-fuse)
else()
  set(no_mount PATTERN fuse EXCLUDE)
endif()
install(DIRECTORY include/swerve DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library ${no_mount})

# The package for CMake. Nothing in it knows where it was installed.
include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/SwerveConfig.cmake.in ${CMAKE_BINARY_DIR}/package/SwerveConfig.cmake
                              INSTALL_DESTINATION ${cmake_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/SwerveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/SwerveConfig.cmake ${CMAKE_BINARY_DIR}/package/SwerveConfigVersion.cmake
        DESTINATION ${cmake_folder} COMPONENT library)
install(EXPORT SwerveTargets NAMESPACE Swerve:: DESTINATION ${cmake_folder} COMPONENT library)

# And for pkg-config, which knows where the file is that it reads.
set(from_here ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
foreach(folder PREFIX FULL_LIBDIR FULL_INCLUDEDIR)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_${folder} BASE_DIRECTORY ${from_here} OUTPUT_VARIABLE to_${folder})
endforeach()
foreach(package IN LISTS packages)
  configure_file(cmake/${package}.pc.in ${CMAKE_BINARY_DIR}/package/${package}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/package/${package}.pc DESTINATION ${pkgconfig_folder} COMPONENT library)
endforeach()
