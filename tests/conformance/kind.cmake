# Against programs that others wrote. They come by npm and pip, once a build folder; where one cannot be
# had its test is reported as skipped, never as passed. The simulated cloud is told the same stories.
if(SEATKEEPER_TESTS AND TARGET seatkeeper)
    set(here ${CMAKE_CURRENT_SOURCE_DIR}/conformance)
    set(program $<TARGET_FILE:seatkeeper>)
    set(got ${PROJECT_BINARY_DIR}/conformance)
    add_test(NAME conformance.emulate COMMAND python3 -B ${here}/story.py ${program} emulator ${got})
    add_test(NAME conformance.sim COMMAND python3 -B ${here}/story.py ${program} simulator)
    foreach(release moto moto-old)
        add_test(NAME conformance.${release}
            COMMAND python3 -B ${here}/identity_story.py ${program} ${release} ${got}-${release})
    endforeach()
    add_test(NAME conformance.sim_identity
        COMMAND python3 -B ${here}/identity_story.py ${program} simulator)
    add_test(NAME conformance.aws_sdk
        COMMAND python3 -B ${here}/aws_sdk.py ${program} ${got}-aws-sdk)
    set_tests_properties(conformance.emulate conformance.moto conformance.moto-old
        conformance.aws_sdk PROPERTIES SKIP_RETURN_CODE 77)
    set_tests_properties(conformance.emulate conformance.sim conformance.moto conformance.moto-old
        conformance.sim_identity conformance.aws_sdk PROPERTIES LABELS conformance TIMEOUT 900)
endif()
