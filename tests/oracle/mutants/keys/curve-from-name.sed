# file: daemon/keys/pubkey.c
# breaks: the curve inside the blob is not compared
s/if \(!blob_equals\(curve, name\)\)/if (false)/
