# file: daemon/pam/run.c
# breaks: password changes the token although the check failed
s/if \(result == PAM_CODE_SUCCESS\) \{/if (result != PAM_CODE_INCOMPLETE) {/
