# fathom_embed(fathom_runtime SYMBOL fathom_embedded_model FILE models/nano/fathom-nano.gguf)
# Puts the bytes of a file into a target, page aligned, as `extern "C" const std::byte
# fathom_embedded_model_begin[], fathom_embedded_model_end[]`. FILE is an absolute path.
function(fathom_embed target)
  cmake_parse_arguments(ARG "" "SYMBOL;FILE" "" ${ARGN})
  set(SYMBOL ${ARG_SYMBOL})
  set(FILE ${ARG_FILE})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${SYMBOL}.S)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embed.S.in ${source} @ONLY)
  # The compiler does not report .incbin as a dependency.
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${FILE})
  target_sources(${target} PRIVATE ${source})
endfunction()
