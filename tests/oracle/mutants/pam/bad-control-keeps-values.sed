# file: daemon/pam/control.c
# breaks: a control with a mistake keeps the values before it
s/actions\[code\] = PAM_ACTION_BAD;/if (actions[code] == PAM_ACTION_UNSET) actions[code] = PAM_ACTION_BAD;/
