# The test host as a library, for the tests of plugins.

include_guard(GLOBAL)

add_library(spoold_testhost STATIC
  ${CMAKE_CURRENT_LIST_DIR}/testhost.c
  ${CMAKE_CURRENT_LIST_DIR}/testhost_calls.c
  ${CMAKE_CURRENT_LIST_DIR}/testhost_loop.c
  ${CMAKE_CURRENT_LIST_DIR}/testhost_roles.c
  ${CMAKE_CURRENT_LIST_DIR}/testhost_store.c)
target_include_directories(spoold_testhost PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(spoold_testhost PUBLIC Spoold::plugin
                      PRIVATE spoold_base Threads::Threads)

pkg_check_modules(TESTHOST_CMOCKA REQUIRED IMPORTED_TARGET cmocka)
add_executable(abi_testhost ${CMAKE_CURRENT_LIST_DIR}/test_testhost.c)
target_link_libraries(abi_testhost PRIVATE spoold_testhost
                      PkgConfig::TESTHOST_CMOCKA)
add_test(NAME abi_testhost COMMAND abi_testhost)
