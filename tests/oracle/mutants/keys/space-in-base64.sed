# file: daemon/keys/blob.c
# breaks: white space ends the base64
s/return c == .* \|\| \(c >= .*;/return c == 10;/
