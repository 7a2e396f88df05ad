class Message
  attr_reader :author, :text, :at

  def initialize(author, text, at)
    @author = author
    @text = text
    @at = at
  end

  def self.system(text, at: Time.now)
    new("system", text, at)
  end

  def system?
    author == "system"
  end

  def to_line
    "#{at.strftime('%H:%M')} #{author}: #{text}"
  end
end
