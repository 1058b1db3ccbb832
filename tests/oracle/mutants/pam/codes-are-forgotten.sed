# file: daemon/pam/outcomes.c
# breaks: codes that an ok would report are not told apart
s/return verdict->impression == PAM_UNDEFINED \|\|/return verdict->impression == PAM_NEGATIVE \&\& verdict->impression == PAM_UNDEFINED \|\|/
