# file: daemon/keys/options.c
# breaks: a variable may have a dash in its name
s/c == '_'\)/c == '_' || c == '-')/
