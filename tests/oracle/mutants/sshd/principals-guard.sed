# file: daemon/sshd/take.c
# breaks: AuthorizedPrincipalsCommand works after AuthorizedKeysCommand in 9.2 as well
# releases: bookworm
s/RELEASE_GUARD_FIXED = 904/RELEASE_GUARD_FIXED = 807/
