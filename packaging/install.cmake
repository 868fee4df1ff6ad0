# What `cmake --install` puts where.
include(CMakePackageConfigHelpers)

install(TARGETS spoold RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET spoolctl)
  install(TARGETS spoolctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(TARGETS spoold-rules
        RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/spoold)
install(FILES include/spoold/plugin.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spoold)

# -- for those who write plugins ---------------------------------------------

# The test host with all it stands on, so that one library is enough.
file(GLOB base_sources CONFIGURE_DEPENDS core/base/*.c)
file(GLOB testhost_sources CONFIGURE_DEPENDS tests/abi/testhost*.c)
add_library(spoold_testhost_whole STATIC ${testhost_sources} ${base_sources})
target_include_directories(spoold_testhost_whole PRIVATE core include .)
target_link_libraries(spoold_testhost_whole PRIVATE
  PkgConfig::CJSON PkgConfig::SODIUM Threads::Threads)
set_target_properties(spoold_testhost_whole PROPERTIES
  OUTPUT_NAME spoold_testhost
  ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/installed)
install(TARGETS spoold_testhost_whole
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES tests/abi/testhost.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spoold)

# The package's version is that of the ABI, which is what a plugin asks for.
file(STRINGS include/spoold/plugin.h abi_lines REGEX "^#define SPD_ABI_M")
string(REGEX MATCH "SPD_ABI_MAJOR ([0-9]+)" _ "${abi_lines}")
set(SPOOLD_ABI_MAJOR ${CMAKE_MATCH_1})
string(REGEX MATCH "SPD_ABI_MINOR ([0-9]+)" _ "${abi_lines}")
set(SPOOLD_ABI ${SPOOLD_ABI_MAJOR}.${CMAKE_MATCH_1})

set(SPOOLD_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/Spoold)
configure_package_config_file(packaging/cmake/SpooldConfig.cmake.in
  ${CMAKE_BINARY_DIR}/SpooldConfig.cmake
  INSTALL_DESTINATION ${SPOOLD_CMAKE_FOLDER}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/SpooldConfigVersion.cmake
  VERSION ${SPOOLD_ABI}.0 COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/SpooldConfig.cmake
              ${CMAKE_BINARY_DIR}/SpooldConfigVersion.cmake
              packaging/cmake/SpooldPlugin.cmake
        DESTINATION ${SPOOLD_CMAKE_FOLDER})

configure_file(packaging/pkgconfig/spoold.pc.in ${CMAKE_BINARY_DIR}/spoold.pc
               @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/spoold.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# -- for those who run it ----------------------------------------------------

configure_file(packaging/systemd/spoold.service.in
               ${CMAKE_BINARY_DIR}/spoold.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/spoold.service
        DESTINATION lib/systemd/system)
install(FILES packaging/man/spoold.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES packaging/man/spoolctl.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
