# file: daemon/pam/stack.c
# breaks: a mistake in other does not matter where the service has rules
s/return other == FILE_ABSENT \? own : other;/return own == FILE_READ ? own : other;/
