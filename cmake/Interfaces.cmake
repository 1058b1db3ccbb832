# add_interface(ROOM VARIABLE FILE): compiles the text of an interface file into the room as
# `const char VARIABLE[]`.
function(add_interface room variable file)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
        file(READ ${CMAKE_SOURCE_DIR}/${file} text)
        string(REPLACE "\\" "\\\\" text "${text}")
        string(REPLACE "\"" "\\\"" text "${text}")
        string(REPLACE "\n" "\\n\"\n        \"" text "${text}")
        set(generated ${CMAKE_BINARY_DIR}/generated/${variable}.c)
        file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
             "/* Made from @file@. */\n#include \"wire/interfaces.h\"\n\nconst char @variable@[] =\n        \"@text@\";\n")
        target_sources(room_${room} PRIVATE ${generated})
endfunction()
