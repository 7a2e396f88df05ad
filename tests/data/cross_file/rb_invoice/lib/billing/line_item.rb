module Billing
  class LineItem
    attr_reader :text, :cents, :count

    def initialize(text, cents, count = 1)
      @text = text
      @cents = cents
      @count = count
    end

    def total
      cents * count
    end
  end
end
