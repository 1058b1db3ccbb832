# file: daemon/keys/blob.c
# breaks: a NUL at the end of a name counts
s/string\.n--;/;/
