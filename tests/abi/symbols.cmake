# Each plugin shows one symbol to the world, and it is the descriptor.
cmake_minimum_required(VERSION 3.25)

foreach(plugin ${PLUGINS})
  execute_process(COMMAND ${NM} -D --defined-only -P ${plugin}
                  OUTPUT_VARIABLE said RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} cannot read ${plugin}")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${said}")
  # AddressSanitizer marks each global with one of its own.
  list(FILTER lines EXCLUDE REGEX "^__odr_asan")
  list(LENGTH lines count)
  if(NOT count EQUAL 1 OR NOT lines MATCHES "^spd_plugin_desc [DRB] ")
    message(FATAL_ERROR "${plugin} exports ${count} symbols:\n${said}")
  endif()
endforeach()
