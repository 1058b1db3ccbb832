# file: daemon/keys/blob.c
# breaks: the bits that padding covers may be set
s/return group & 0xf \? -1 : /return /; s/return group & 0x3 \? -1 : /return /
