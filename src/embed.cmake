# Turns the files of a folder into one C array of {name, text}, compiled into `target`:
#     const struct embedded_file NAME[]; const size_t NAME_count;
# Files are read as bytes, so their text needs no escaping.
function(seatkeeper_embed target folder name)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
    list(SORT files)
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAME=${name} "-DFILES=${files}"
                -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_files.cmake
        DEPENDS ${files} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_files.cmake
        VERBATIM)
    target_sources(${target} PRIVATE ${out})
endfunction()
