# spoold_add_plugin(NAME SOURCES a.c b.c [LIBS target...])
#
# A plugin for spoold: a module NAME.so that exports its descriptor and nothing
# else, needs no symbol of the server, and lies where the server looks for it.
# The same file serves spoold's own plugins and, installed, everybody's.

include_guard(GLOBAL)

# Installed, SpooldConfig.cmake has made this target; in the source tree the
# header lies two folders up.
if(NOT TARGET Spoold::plugin)
  add_library(spoold_plugin_header INTERFACE)
  target_include_directories(spoold_plugin_header INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/../../include)
  add_library(Spoold::plugin ALIAS spoold_plugin_header)
endif()

set(SPOOLD_PLUGIN_OUTPUT ${CMAKE_BINARY_DIR}/plugins CACHE PATH
    "Where plugins are built")
# Where the server looks for them, relative to its prefix: SpooldConfig.cmake
# remembers it for others.
if(NOT SPOOLD_PLUGIN_FOLDER)
  include(GNUInstallDirs)
  set(SPOOLD_PLUGIN_FOLDER ${CMAKE_INSTALL_LIBDIR}/spoold/plugins)
endif()
set(SPOOLD_PLUGIN_INSTALL ${SPOOLD_PLUGIN_FOLDER} CACHE STRING
    "Where plugins are installed, below the prefix")

function(spoold_add_plugin NAME)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "spoold_add_plugin(${NAME}): no SOURCES")
  endif()
  add_library(${NAME} MODULE ${arg_SOURCES})
  target_link_libraries(${NAME} PRIVATE Spoold::plugin ${arg_LIBS})
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_STANDARD 11 C_STANDARD_REQUIRED ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY ${SPOOLD_PLUGIN_OUTPUT})
  # Symbols of static libraries stay inside too.
  target_link_options(${NAME} PRIVATE -Wl,--exclude-libs,ALL)
  # The sanitizers' runtime is found in the program, not in the plugin.
  if(NOT SPOOLD_SANITIZE AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize")
    target_link_options(${NAME} PRIVATE -Wl,--no-undefined)
  endif()
  set_property(GLOBAL APPEND PROPERTY SPOOLD_PLUGINS ${NAME})
  install(TARGETS ${NAME} LIBRARY DESTINATION ${SPOOLD_PLUGIN_INSTALL})
endfunction()
