# file: daemon/pam/stack.c
# breaks: @include is compared with case
s/strcasecmp\(word, "@include"\)/strcmp(word, "@include")/
