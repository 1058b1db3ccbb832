# file: daemon/keys/pubkey.c
# breaks: an RSA modulus of 1023 bits is long enough
s/RSA_BITS_MIN = 1024/RSA_BITS_MIN = 1000/
