"""The alarms that letters ring."""

from functions.kernel.runtime.observe import Alarm

LETTER = "DeadLetter"

new_group = Alarm("NewLetterGroup", LETTER)  # letters that are like none before, or like those of a resolved group
group_grows = Alarm("LetterGroupGrows", LETTER)  # ten of a group are open, then twice as many
letter_waits = Alarm("LetterWaits", LETTER)  # the oldest open letter was given up more than a day ago
