# file: daemon/keys/blob.c
# breaks: a negative number is a large one
s/return false; \/\* negative \*\//;/
