-- What an insert makes lies in one file, not in two a column: each of them would be synced to the disk. Merges part the columns where rows are many.

ALTER TABLE message_rows MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE match_rows MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE run_rows MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE dead_letter_rows MODIFY SETTING min_bytes_for_wide_part = 268435456;
