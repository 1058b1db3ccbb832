# file: daemon/keys/civil_time.c
# breaks: the newest release refuses times before 1970
# releases: sid
s/RELEASE_WITH_NEGATIVE_TIMES = 1004/RELEASE_WITH_NEGATIVE_TIMES = 9999/
