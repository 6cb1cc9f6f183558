# What dies, and what it dies of; tests/rig is what it runs on.
if(SEATKEEPER_TESTS AND TARGET engine AND TARGET sim)
    add_library(test_crash STATIC crash/kill_at.c crash/kill_vfs.c crash/wire.c crash/story.c)
    target_link_libraries(test_crash PUBLIC test_rig PkgConfig::CMOCKA)
    target_link_options(test_crash PUBLIC -Wl,--wrap=rename)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/crash/test_*.c)
    foreach(source IN LISTS sources)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "^test_" "" name ${name})
        target_link_libraries(crash.${name} PRIVATE test_crash)
    endforeach()

    # The long form is ./dev campaign.
    add_executable(campaign crash/campaign.c)
    target_link_libraries(campaign PRIVATE test_crash)
    add_test(NAME crash.campaign COMMAND campaign 1 60)
    set_tests_properties(crash.campaign PROPERTIES LABELS crash TIMEOUT 300)
endif()
