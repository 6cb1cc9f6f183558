# The TLS server of test_tls.c; the program itself speaks TLS through libcurl only.
if(TARGET http.tls)
    pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0)
    target_link_libraries(http.tls PRIVATE PkgConfig::SSL)
endif()
