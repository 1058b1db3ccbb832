# file: daemon/keys/options.c
# breaks: principals need no cert-authority
s/options->principals && !options->cert_authority/false/
