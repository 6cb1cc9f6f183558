# Takes the guards out one at a time and sees who notices (mutation/run.py). Everything that decides
# is built a second time, with the switch in it; no program that is installed has it.
find_package(Python3 COMPONENTS Interpreter)
if(SEATKEEPER_TESTS AND Python3_FOUND AND TARGET engine AND TARGET sim)
    file(GLOB core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/core/*.c)
    add_library(core_mutant OBJECT ${core_sources} mutation/take_out.c)
    target_compile_definitions(core_mutant PUBLIC SEATKEEPER_GUARD_MUTATION)
    target_link_libraries(core_mutant PUBLIC base)

    # As objects they come before the archive of the same functions, which then adds nothing.
    add_executable(mutation.guard unit/core/test_guard.c ${support})
    target_include_directories(mutation.guard PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(mutation.guard PRIVATE core_mutant base PkgConfig::CMOCKA
        $<$<TARGET_EXISTS:http>:http>)
    add_executable(mutation.scenarios sim/scenarios.c)
    target_link_libraries(mutation.scenarios PRIVATE core_mutant test_rig)
    add_executable(mutation.names mutation/guard_names.c)
    target_link_libraries(mutation.names PRIVATE core)

    add_test(NAME mutation.guards
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/mutation/run.py
            $<TARGET_FILE:mutation.names> $<TARGET_FILE:mutation.guard>
            $<TARGET_FILE:mutation.scenarios> ${CMAKE_CURRENT_SOURCE_DIR}/sim/scenarios
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(mutation.guards PROPERTIES LABELS mutation TIMEOUT 600)
endif()
