require_relative "history"
require_relative "message"

class Room
  def initialize(name)
    @name = name
    @users = {}
    @history = History.new
  end

  def join(user)
    @users[user.name] = user
    announce("#{user.name} has joined")
  end

  private

  def announce(text)
    @history.append(Message.$0
  end
end
