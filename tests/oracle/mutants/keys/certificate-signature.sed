# file: daemon/keys/pubkey.c
# breaks: nobody verifies a certificate
s/!crypto_signature_is_valid\(&parts, signature, data\)/false/
