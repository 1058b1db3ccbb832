option(SSHGUARDD_WERROR "Treat warnings as errors" OFF)

set(SSHGUARDD_WARNINGS -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
        -Wformat=2 -Wvla -Wimplicit-fallthrough -Wconversion)
set(SSHGUARDD_PURE_WARNINGS -Wsign-conversion)
if (NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
        # clang's -Wconversion implies -Wsign-conversion; syscall wrappers would drown in it.
        set(SSHGUARDD_IMPURE_WARNINGS -Wno-sign-conversion)
endif ()
if (SSHGUARDD_WERROR)
        list(APPEND SSHGUARDD_WARNINGS -Werror)
endif ()
