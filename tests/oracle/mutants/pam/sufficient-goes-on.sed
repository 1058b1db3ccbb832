# file: daemon/pam/control.c
# breaks: sufficient does not stop the stack
/"sufficient"/s/PAM_ACTION_DONE/PAM_ACTION_OK/
