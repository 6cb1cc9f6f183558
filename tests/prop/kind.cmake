# Properties of whole runs stand on the rig.
if(TARGET prop.run)
    target_link_libraries(prop.run PRIVATE test_rig)
endif()
