find_program(CLANG_FORMAT clang-format-14)
if(SEATKEEPER_TESTS)
    set(lint ${CMAKE_CURRENT_SOURCE_DIR}/lint)
    add_test(NAME lint.layers COMMAND python3 ${lint}/layers.py ${PROJECT_SOURCE_DIR})
    add_test(NAME lint.shape COMMAND python3 ${lint}/shape.py ${PROJECT_SOURCE_DIR})
    add_test(NAME lint.format COMMAND ${lint}/format.sh ${PROJECT_SOURCE_DIR})
    add_test(NAME lint.shell COMMAND ${lint}/shell.sh ${PROJECT_SOURCE_DIR})
    # Skipped where there is no cppcheck: it is welcome, not required.
    add_test(NAME lint.cppcheck COMMAND ${lint}/cppcheck.sh ${PROJECT_SOURCE_DIR})
    set_tests_properties(lint.cppcheck PROPERTIES SKIP_RETURN_CODE 77)
    set_tests_properties(lint.layers lint.shape lint.format lint.shell lint.cppcheck PROPERTIES
        LABELS lint TIMEOUT 300)
endif()
