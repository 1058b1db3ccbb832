# file: daemon/sshd/table.c
# breaks: DSAAuthentication no longer turns off public keys
/ALIAS\("DSAAuthentication"/s/PUBKEY_AUTHENTICATION/PASSWORD_AUTHENTICATION/
