module Billing
  def self.next_number(last)
    prefix, digits = last.split("-")
    format("%s-%05d", prefix, digits.to_i + 1)
  end
end
