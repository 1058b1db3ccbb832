# file: daemon/keys/options.c
# breaks: no-restrict is an option
s/(is_restricted\), )false/\1true/
