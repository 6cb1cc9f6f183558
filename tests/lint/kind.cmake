find_program(CLANG_FORMAT clang-format-14)
if(SEATKEEPER_TESTS)
    add_test(NAME lint.layers
        COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/lint/layers.py ${PROJECT_SOURCE_DIR})
    add_test(NAME lint.format
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lint/format.sh ${PROJECT_SOURCE_DIR})
    set_tests_properties(lint.layers lint.format PROPERTIES LABELS lint)
endif()
