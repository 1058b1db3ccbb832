# file: daemon/keys/civil_time.c
# breaks: every release reads Z and UTC
# releases: bullseye
s/RELEASE_WITH_UTC = 901/RELEASE_WITH_UTC = 1/
