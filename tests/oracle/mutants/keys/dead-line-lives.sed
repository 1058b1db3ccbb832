# file: daemon/keys/options.c
# breaks: unknown options are passed over
s/r = refuse\(&parser, "an option is unknown"\)/r = 0/
