# file: daemon/pam/run.c
# breaks: setcred decides by its own codes
s/step.deciding = stored\[i\] == NOTHING_STORED \? step.code : stored\[i\];/step.deciding = step.code;/
