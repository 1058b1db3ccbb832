# file: daemon/pam/walk.c
# breaks: a failure by ignore is reported as ignore
s/int status = step->code == PAM_CODE_IGNORE \? PAM_CODE_PERM_DENIED : step->code;/int status = step->code;/
