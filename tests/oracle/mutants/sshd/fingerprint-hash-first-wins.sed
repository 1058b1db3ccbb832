# file: daemon/sshd/table.c
# breaks: the last FingerprintHash no longer wins
/ROW\("FingerprintHash"/,/\),$/s/\.repeat = REPEAT_LAST/.repeat = REPEAT_FIRST/
