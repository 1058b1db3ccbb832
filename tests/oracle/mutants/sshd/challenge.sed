# file: daemon/sshd/checks.c
# breaks: ChallengeResponseAuthentication no leaves keyboard-interactive on in old releases
# releases: bullseye
s/numbers\[0\] = is_challenged;/numbers[0] = 1;/
