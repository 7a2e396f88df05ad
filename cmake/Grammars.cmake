# The tree-sitter core and the grammars, built from C sources: npm packages pinned by
# third_party/package-lock.json, or the same folders in -DFATHOM_GRAMMARS=DIR.
#
# Targets: tree_sitter_core, and tree_sitter_grammars with every language of
# completion/syntax/language.cpp.

if(NOT EXISTS ${FATHOM_GRAMMARS}/tree-sitter/vendor/tree-sitter/lib/src/lib.c)
  message(FATAL_ERROR
    "The tree-sitter sources are not in ${FATHOM_GRAMMARS}: run scripts/setup.sh "
    "(or 'npm ci --ignore-scripts' in third_party/), or set FATHOM_GRAMMARS to where they are.")
endif()

# Third-party code: optimised also in debug builds, warnings off, no sanitizers.
function(fathom_third_party_c target)
  target_compile_options(${target} PRIVATE -O2 -w)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
endfunction()

set(core ${FATHOM_GRAMMARS}/tree-sitter/vendor/tree-sitter/lib)
add_library(tree_sitter_core STATIC ${core}/src/lib.c)
target_include_directories(tree_sitter_core SYSTEM PUBLIC ${core}/include PRIVATE ${core}/src)
fathom_third_party_c(tree_sitter_core)

# fathom_grammar(cpp tree-sitter-cpp scanner.c): the grammar in that package's src/ folder, with a
# scanner where it has one.
add_library(tree_sitter_grammars INTERFACE)
function(fathom_grammar name folder)
  set(source ${FATHOM_GRAMMARS}/${folder}/src)
  if(NOT EXISTS ${source}/parser.c)
    message(FATAL_ERROR "The ${name} grammar is not in ${source}: run scripts/setup.sh.")
  endif()
  set(sources ${source}/parser.c)
  foreach(scanner ${ARGN})
    list(APPEND sources ${source}/${scanner})
  endforeach()
  add_library(tree_sitter_${name} STATIC ${sources})
  target_include_directories(tree_sitter_${name} SYSTEM PRIVATE ${source})
  fathom_third_party_c(tree_sitter_${name})
  target_link_libraries(tree_sitter_grammars INTERFACE tree_sitter_${name})
endfunction()

fathom_grammar(bash tree-sitter-bash scanner.c)
fathom_grammar(c tree-sitter-c)
fathom_grammar(c_sharp tree-sitter-c-sharp scanner.c)
fathom_grammar(cpp tree-sitter-cpp scanner.c)
fathom_grammar(css tree-sitter-css scanner.c)
fathom_grammar(go tree-sitter-go)
fathom_grammar(html tree-sitter-html scanner.c)
fathom_grammar(java tree-sitter-java)
fathom_grammar(javascript tree-sitter-javascript scanner.c)
fathom_grammar(json tree-sitter-json)
fathom_grammar(kotlin tree-sitter-kotlin scanner.c)
fathom_grammar(lua @tree-sitter-grammars/tree-sitter-lua scanner.c)
fathom_grammar(php tree-sitter-php/php scanner.c)
fathom_grammar(python tree-sitter-python scanner.c)
fathom_grammar(ruby tree-sitter-ruby scanner.c)
fathom_grammar(rust tree-sitter-rust scanner.c)
fathom_grammar(scala tree-sitter-scala scanner.c)
fathom_grammar(swift tree-sitter-swift scanner.c)
fathom_grammar(toml @tree-sitter-grammars/tree-sitter-toml scanner.c)
fathom_grammar(tsx tree-sitter-typescript/tsx scanner.c)
fathom_grammar(typescript tree-sitter-typescript/typescript scanner.c)
fathom_grammar(yaml @tree-sitter-grammars/tree-sitter-yaml scanner.c)
fathom_grammar(zig @tree-sitter-grammars/tree-sitter-zig)
