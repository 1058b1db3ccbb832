# file: daemon/pam/walk.c
# breaks: a later success replaces the code that an ok made the result
s/verdict->status == PAM_CODE_SUCCESS\);/true);/
