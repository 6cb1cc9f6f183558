# Against a program that others wrote. It comes by npm, once a build folder; where it cannot be had the
# test is reported as skipped, never as passed. The simulated cloud is told the same story.
if(SEATKEEPER_TESTS AND TARGET seatkeeper)
    set(story python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/conformance/story.py $<TARGET_FILE:seatkeeper>)
    add_test(NAME conformance.emulate COMMAND ${story} emulator ${PROJECT_BINARY_DIR}/conformance)
    add_test(NAME conformance.sim COMMAND ${story} simulator)
    set_tests_properties(conformance.emulate PROPERTIES SKIP_RETURN_CODE 77)
    set_tests_properties(conformance.emulate conformance.sim PROPERTIES
        LABELS conformance TIMEOUT 900)
endif()
