# SPDX-License-Identifier: GPL-3.0-or-later
# fish completion of sshguardctl(1). Rules, paths and incidents are asked of the daemon, if it answers.

function __sshguardctl_ask
    sshguardctl $argv[1] --json 2>/dev/null | sed -n "s/^ *\"$argv[2]\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
end

set -l commands status findings files keys access rules history show diff approve acknowledge edit confirm restore permit pause resume unlock package-run check explain monitor metrics generate-policy reload help
set -l none "not __fish_seen_subcommand_from $commands"

complete -c sshguardctl -f
complete -c sshguardctl -s h -l help -d 'Show help'
complete -c sshguardctl -l version -d 'Show the version'
complete -c sshguardctl -s j -l json -d 'Print JSON'
complete -c sshguardctl -s q -l quiet -d 'Print errors only'
complete -c sshguardctl -l no-pager -d 'Do not use a pager'
complete -c sshguardctl -l socket -r -F -d 'Control socket'

complete -c sshguardctl -n $none -a status -d 'Is it fine, what is wrong, what was done'
complete -c sshguardctl -n $none -a findings -d 'Rules that do not hold now'
complete -c sshguardctl -n $none -a files -d 'Guarded files and how they are watched'
complete -c sshguardctl -n $none -a keys -d 'Which key opens which account'
complete -c sshguardctl -n $none -a access -d 'Who can log in, with what'
complete -c sshguardctl -n $none -a rules -d 'The policy in force'
complete -c sshguardctl -n $none -a history -d 'Incidents, newest first'
complete -c sshguardctl -n $none -a show -d 'Everything about one incident'
complete -c sshguardctl -n $none -a diff -d 'What differs from the approved version'
complete -c sshguardctl -n $none -a approve -d 'Accept what is there'
complete -c sshguardctl -n $none -a acknowledge -d 'Let a rule that a profile brought respond'
complete -c sshguardctl -n $none -a edit -d 'Edit a guarded file, as visudo does'
complete -c sshguardctl -n $none -a confirm -d 'Keep an edit that would undo itself'
complete -c sshguardctl -n $none -a restore -d 'Put back the approved version, or what an incident replaced'
complete -c sshguardctl -n $none -a permit -d 'Let a path be changed for a while'
complete -c sshguardctl -n $none -a pause -d 'Suspend all responses for a while'
complete -c sshguardctl -n $none -a resume -d 'End a pause'
complete -c sshguardctl -n $none -a package-run -d 'Said by the hook of dpkg'
complete -c sshguardctl -n $none -a unlock -d 'Lift the immutable flag for a while'
complete -c sshguardctl -n $none -a check -d 'Look at everything now'
complete -c sshguardctl -n $none -a explain -d 'A rule and what decides'
complete -c sshguardctl -n $none -a monitor -d 'What happens, as it happens'
complete -c sshguardctl -n $none -a metrics -d 'OpenMetrics text'
complete -c sshguardctl -n $none -a generate-policy -d 'A policy out of the machine as it is'
complete -c sshguardctl -n $none -a reload -d 'Load configuration and policy again'
complete -c sshguardctl -n $none -a help -d 'Show help'

complete -c sshguardctl -n '__fish_seen_subcommand_from show restore diff' -a '(__sshguardctl_ask history id)' -d Incident
complete -c sshguardctl -n '__fish_seen_subcommand_from diff approve restore edit confirm permit unlock' -a '(__sshguardctl_ask files path)' -d Path
complete -c sshguardctl -n '__fish_seen_subcommand_from keys access' -a '(__fish_complete_users)' -d User
complete -c sshguardctl -n '__fish_seen_subcommand_from explain acknowledge' -a '(__sshguardctl_ask rules id)' -d Rule

complete -c sshguardctl -n '__fish_seen_subcommand_from access' -l from -x -d 'From this address'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -s S -l since -x -d 'Not older'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -s U -l until -x -d 'Not younger'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -l path -x -a '(__sshguardctl_ask files path)' -d 'Of this path'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -l rule -x -a '(__sshguardctl_ask rules id)' -d 'Of this rule'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -l user -x -a '(__fish_complete_users)' -d 'Of this user'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -l severity -x -a 'info low medium high critical' -d 'This grave or graver'
complete -c sshguardctl -n '__fish_seen_subcommand_from history' -s n -l limit -x -d 'At most'
complete -c sshguardctl -n '__fish_seen_subcommand_from approve acknowledge' -l all -d 'Everything that waits'
complete -c sshguardctl -n '__fish_seen_subcommand_from approve' -l sha256 -x -d 'Of what was reviewed'
complete -c sshguardctl -n '__fish_seen_subcommand_from approve acknowledge edit' -s y -l yes -d 'Do not ask'
complete -c sshguardctl -n '__fish_seen_subcommand_from approve edit restore' -l exception -x -a '(__sshguardctl_ask rules id)' -d 'Although it breaks a rule'
complete -c sshguardctl -n '__fish_seen_subcommand_from approve acknowledge edit restore permit pause unlock' -s r -l reason -x -d Why
complete -c sshguardctl -n '__fish_seen_subcommand_from approve edit restore permit pause unlock' -l for -x -a '10min 30min 1h 1d' -d 'How long'
complete -c sshguardctl -n '__fish_seen_subcommand_from permit' -l uses -x -d 'This many changes'
complete -c sshguardctl -n '__fish_seen_subcommand_from permit' -l revoke -x -a '(__sshguardctl_ask permit id)' -d 'End a permit'
complete -c sshguardctl -n '__fish_seen_subcommand_from edit' -l confirm -x -a '5min 15min 1h' -d 'Undo it then, unless confirmed'
complete -c sshguardctl -n '__fish_seen_subcommand_from confirm' -l undo -d 'Take the edit back'
complete -c sshguardctl -n '__fish_seen_subcommand_from edit' -l from -r -F -d 'Take this content'
