# file: daemon/pam/control.c
# breaks: requisite does not stop the stack
/"requisite"/s/PAM_ACTION_DIE/PAM_ACTION_BAD/
