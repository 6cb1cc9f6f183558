# Golden cases: cases/NAME is the test `cli.NAME`, run by run.sh; cli.seed fills ledgers for them.
if(SEATKEEPER_TESTS AND TARGET seatkeeper)
    add_executable(cli.seed cli/seed.c)
    target_link_libraries(cli.seed PRIVATE ledger core base)
    file(GLOB cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/cases/*/cmd)
    foreach(cmd IN LISTS cases)
        get_filename_component(case ${cmd} DIRECTORY)
        get_filename_component(name ${case} NAME)
        add_test(NAME cli.${name}
            COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/run.sh $<TARGET_FILE:seatkeeper>
                $<TARGET_FILE:cli.seed> ${case} ${PROJECT_BINARY_DIR}/cli)
        set_tests_properties(cli.${name} PROPERTIES LABELS cli TIMEOUT 120 SKIP_RETURN_CODE 77)
    endforeach()
endif()
