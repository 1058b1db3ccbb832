# client/cases/NAME.json: a reply; NAME.WIDTH.STYLE: the screen that sshguardctl makes of it.
add_executable(screen_of ${CMAKE_CURRENT_SOURCE_DIR}/client/screen_of.c)
target_compile_definitions(screen_of PRIVATE _GNU_SOURCE)
target_compile_options(screen_of PRIVATE ${SSHGUARDD_WARNINGS} ${SSHGUARDD_IMPURE_WARNINGS})
target_link_libraries(screen_of PRIVATE room_client)
set_target_properties(screen_of PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

file(GLOB screens CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/client/cases/*.plain ${CMAKE_CURRENT_SOURCE_DIR}/client/cases/*.colour)
foreach (screen ${screens})
        get_filename_component(name ${screen} NAME)
        string(REPLACE "." ";" parts ${name})
        list(GET parts 0 case)
        list(GET parts 1 width)
        list(GET parts 2 style)
        golden(client/${name} ${screen}
                $<TARGET_FILE:screen_of> ${CMAKE_CURRENT_SOURCE_DIR}/client/cases/${case}.json ${width} ${style})
endforeach ()
