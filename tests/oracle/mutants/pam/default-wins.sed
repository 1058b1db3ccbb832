# file: daemon/pam/control.c
# breaks: default overwrites values that were set before it
s/if \(actions\[code\] == PAM_ACTION_UNSET\)/if (action != PAM_ACTION_BAD || actions[code] == PAM_ACTION_UNSET)/
